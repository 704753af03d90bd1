"""solve.py: nothing to connect to. Prints `question answer` lines; the last line is the answer."""

import codecs

print("algorithm MD5")
print("properties Collision resistance|Preimage resistance")
print(codecs.decode("uryyb", "rot13"))
