# TSD's rival on synthetic `brief`: 5 frames at random.
_base_ = 'tsd_synthetic.py'
model = dict(condenser=dict(_delete_=True, type='RandomFrames', num_frames=5))
