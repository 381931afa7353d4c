"""Tests of the shipped PBX configuration."""
