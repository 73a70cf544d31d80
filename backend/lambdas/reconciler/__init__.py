"""The reconciler: scheduled, it sends what was lost and takes back what a dead worker holds."""
