"""What tests of several folders share: fixtures, and short ways to write a test."""
