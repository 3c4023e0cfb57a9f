"""Action recognition from compressed or condensed video, a plugin of MMAction2.

Importing it is enough: the workarounds of ``_compat`` are applied and everything registers into
``mmaction.registry``, so a config only needs ``custom_imports = dict(imports=['mmcondense'])``.
"""

from . import _compat

_compat.apply()  # before anything imports mmaction.models

from . import apis, datasets, engine, evaluation, models  # noqa: E402
from .version import __version__  # noqa: E402

__all__ = ["__version__", "apis", "datasets", "engine", "evaluation", "models"]
