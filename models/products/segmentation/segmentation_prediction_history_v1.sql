{{ prediction_history('segmentation', 1) }}
