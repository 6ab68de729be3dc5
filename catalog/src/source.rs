//! Files that people edit, read with the place of every fault.
