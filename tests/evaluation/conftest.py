"""What these tests build by its name is registered, also where one of them runs alone."""

import mmcondense  # noqa: F401
