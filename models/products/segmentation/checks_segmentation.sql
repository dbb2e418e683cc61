{{ output_checks('segmentation') }}
