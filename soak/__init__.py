"""Long runs under chaos: processes are killed at random while mail comes in and agents answer."""
