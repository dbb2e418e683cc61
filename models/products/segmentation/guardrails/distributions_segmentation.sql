{{ output_distributions('segmentation') }}
