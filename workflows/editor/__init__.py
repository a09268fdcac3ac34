"""Rules written in the web: the editor draws any trigger and action from what each says of itself."""
