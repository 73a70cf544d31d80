"""How the embedded book model is made: the renderer of its scenes, the network, its training, its measure."""
