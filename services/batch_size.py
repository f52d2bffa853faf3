"""How many records to work on at once: as many as go, fewer while the world is not ready for so many. Pure."""

LEAST = 10


class BatchSize:
    """Halved by each failure, down to LEAST; doubled by each success, up to `most`, where it starts."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = most

    def failed(self) -> None:
        """So many were too many, perhaps."""
        self.now = max(min(LEAST, self._most), self.now // 2)

    def went_well(self) -> None:
        """It may be more again."""
        self.now = min(self._most, self.now * 2)
