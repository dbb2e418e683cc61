{{ batch_transitions('segmentation') }}
