"""Measurements that need more than the tests may: encoders, prototypes, an idle machine."""
