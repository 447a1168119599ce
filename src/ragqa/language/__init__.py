"""What words say, whatever they are about: names, abbreviations, sentences, directions, rewordings."""
