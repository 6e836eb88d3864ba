"""KoalaBear, its quintic extension, and arrays of both."""
