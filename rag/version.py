"""The version of newspulse, for what needs it below the package's own names."""

VERSION = "0.1.0"
