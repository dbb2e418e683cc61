{{ batch_changes('segmentation') }}
