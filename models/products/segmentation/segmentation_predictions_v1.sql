{{ current_predictions('segmentation') }}
