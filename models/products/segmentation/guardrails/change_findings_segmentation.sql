{{ change_findings('segmentation') }}
