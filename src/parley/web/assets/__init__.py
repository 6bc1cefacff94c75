"""What a page needs besides its words: styles, scripts, icons, fonts. Their names change with them."""
