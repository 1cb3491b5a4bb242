def get_active_session():
    return Session()


class Session:
    def create_dataframe(self, data):
        from . import DataFrame

        return DataFrame(data)
