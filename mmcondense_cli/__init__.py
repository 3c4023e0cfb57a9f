"""The console command ``mmcondense``.

A package beside ``mmcondense``, not in it: importing anything below ``mmcondense`` runs its
``__init__``, which loads torch and MMAction2 so that ``custom_imports`` registers everything. That
takes seconds, and fails in the base install, where ``motion`` and ``doctor`` are to work.
"""
