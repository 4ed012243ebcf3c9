"""Monitoring (智能监控): rules over settled bills, flags with evidence, and their case files."""
