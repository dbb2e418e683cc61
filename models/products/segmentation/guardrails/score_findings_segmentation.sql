{{ score_findings('segmentation') }}
