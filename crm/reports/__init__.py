"""Reports and dashboards: grouped measures of records, as charts, tables and workbooks."""
