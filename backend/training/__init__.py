"""How the embedded book model is made: the renderer of its training scenes, the network, its training and its measure."""
