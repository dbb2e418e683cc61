{{ label_findings('segmentation') }}
