{{ population_findings('segmentation') }}
