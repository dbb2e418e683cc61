{{ output_statistics('segmentation') }}
