"""Assessment 考核: scores of townships and facilities from figures and on-site samples, ranked and noticed."""
