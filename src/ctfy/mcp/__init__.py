"""The Model Context Protocol: the platform as tools that AI agents call.

The tools are written once, on the SDK: over HTTP they call the server that holds them, in process
and with the caller's token; `ctfy mcp` calls a server over the network.
"""
