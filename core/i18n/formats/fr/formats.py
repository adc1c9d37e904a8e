DATE_FORMAT = "jS F Y"
DATETIME_FORMAT = "jS F Y, H:i"
MONTH_DAY_FORMAT = "jS F"
SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
# One way only, and the same in each language: a form that is opened in one can be sent
# to the address of another, where days and months would change places.
DATE_INPUT_FORMATS = ["%Y-%m-%d"]
DATETIME_INPUT_FORMATS = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
