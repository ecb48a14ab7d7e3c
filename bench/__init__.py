"""The benchmark: Dragoman beside stock mitmdump and beside no proxy at all, on loopback, in turns."""
