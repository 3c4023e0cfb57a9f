from __future__ import annotations

import pytest
from mmaction.registry import METRICS


def test_batches_weigh_by_their_size():
    metric = METRICS.build(dict(type="mmaction.CondenserMetric"))
    for size, app in ((3, 0.1), (1, 0.5)):
        metric.process({}, [dict(condenser_metrics=dict(app=app, mot=2 * app))] * size)
    assert metric.evaluate(4) == pytest.approx({"condenser/app": 0.2, "condenser/mot": 0.4})
