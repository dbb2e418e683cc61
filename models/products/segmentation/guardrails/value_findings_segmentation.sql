{{ value_findings('segmentation') }}
