"""The register 台账: what is wrong or has to be done, who answers for it, until when, on what evidence it is closed."""
