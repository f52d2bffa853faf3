"""WebSub: hubs that call when a feed has something new."""
