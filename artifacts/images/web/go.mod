module plinth/artifacts/images/web

go 1.26
