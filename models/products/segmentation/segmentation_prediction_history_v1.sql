{{ prediction_history('segmentation') }}
