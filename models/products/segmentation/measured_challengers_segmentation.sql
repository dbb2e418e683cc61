{{ challenger_measures('segmentation') }}
