"""What words say, whatever they are about: names, directions, rewordings."""
