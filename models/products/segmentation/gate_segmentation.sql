{{ gate('segmentation') }}
