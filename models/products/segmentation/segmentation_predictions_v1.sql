{{ current_predictions('segmentation', 1) }}
