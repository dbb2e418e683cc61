{{ feature_findings('segmentation') }}
