# TSD's rival on synthetic `brief`: 5 frames at equal distances.
_base_ = 'tsd_synthetic.py'
model = dict(condenser=dict(_delete_=True, type='UniformFrames', num_frames=5))
