"""For people whose warehouse is damaged: what is wrong (`doctor`), and the way back (`repair`)."""
