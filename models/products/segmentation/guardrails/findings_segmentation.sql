{{ all_findings('segmentation') }}
