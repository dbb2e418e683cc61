-- What there is to read: every version of every public output.
{{ served_output_rows() }}
